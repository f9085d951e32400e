FROM localhost/base
COPY links /links
COPY links/to-a /followed
COPY share/a.txt /lib-link/through
