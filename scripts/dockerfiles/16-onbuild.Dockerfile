FROM localhost/base AS parent
ONBUILD COPY share/a.txt /triggered/
ONBUILD ENV TRIGGERED=yes
FROM parent
ENV AFTER=$TRIGGERED
