ARG NAME=sub
FROM localhost/base AS files
ARG NAME
COPY --chown=7:8 share/$NAME /out/$NAME
FROM scratch AS unused
COPY missing /x
FROM files AS middle
COPY share/a.txt /out/
FROM localhost/base
COPY --from=middle /out /final
COPY --from=0 /out/sub/b.txt /one
COPY --from=localhost/base /bin/busybox /copy/busybox
