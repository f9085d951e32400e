FROM localhost/base
ADD data.tar.gz /unpacked/
ADD data.tar /u2
COPY data.tar.gz /kept/
ADD share/a.txt /added/
