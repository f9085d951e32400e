FROM localhost/base
MAINTAINER A Person <a@example.com>
EXPOSE 80 53/udp
EXPOSE 9000
VOLUME /data
VOLUME ["/more", "/and more"]
USER app:staff
STOPSIGNAL SIGINT
HEALTHCHECK --interval=30s --timeout=3s --start-period=1m --retries=2 CMD /bin/sh -c true
CMD ["a", "b"]
ENTRYPOINT ["/bin/sh", "-c"]
