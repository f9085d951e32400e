from a
run a\\
COPY a b
 copy -- --x y
FOO x
