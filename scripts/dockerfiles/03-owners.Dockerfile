FROM localhost/base
COPY --chown=app:staff share /a
COPY --chown=app share/a.txt /b/
COPY --chown=12 share/a.txt /c/
COPY --chown=12:34 --chmod=0640 share /d
COPY --chmod=755 share/a.txt /usr/local/bin/tool
