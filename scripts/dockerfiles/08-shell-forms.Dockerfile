FROM localhost/base
SHELL ["/bin/sh", "-e", "-c"]
ENTRYPOINT exec busybox $HOME
CMD echo "hello  there"
