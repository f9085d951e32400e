FROM a
COPY <<one <<-"two" /d/
$x
one
	t
	two
RUN <<EOF
echo $A
EOF
ONBUILD RUN <<E
x
E
ADD 3<<fd /x
y
fd
