FROM localhost/base
COPY share /usr/share/tiny
COPY share/ /etc/tiny/
COPY share/a.txt share/sub/b.txt /flat/
COPY share/a.txt /flat/renamed
COPY share/*.txt share/s* /wild/
