FROM localhost/base
RUN echo made > /made && mkdir -p /var/x && chown 5:6 /var/x && rm /etc/group
USER app
WORKDIR /home/app
RUN id -u > /tmp/who
