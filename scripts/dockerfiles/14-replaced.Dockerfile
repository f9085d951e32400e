FROM localhost/base
COPY share/a.txt /etc/passwd
COPY share/sub /etc
COPY --chmod=700 share/a.txt /etc/b.txt
