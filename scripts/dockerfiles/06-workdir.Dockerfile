FROM localhost/base
WORKDIR /a/b
WORKDIR c
COPY share/a.txt .
COPY share/sub ./new
WORKDIR /etc
COPY share/a.txt motd
