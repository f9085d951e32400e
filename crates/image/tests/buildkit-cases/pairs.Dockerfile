FROM a
ENV k v w  x
ENV a=1 b="2 3" c=4\ 5 d=
LABEL "a.b"="c d" e='f $g'
ARG one two=2 "three=3 4"
MAINTAINER  me <a@b>
USER $u:${g:-1}
WORKDIR  /a b 
STOPSIGNAL SIGTERM
