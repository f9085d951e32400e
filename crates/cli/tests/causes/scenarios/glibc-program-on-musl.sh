#: needs go gcc /lib/ld-musl-x86_64.so.1
#: said-by gcc
#: note musl's loader was started by its name, as gcompat and a link from /lib64 do
cgo_module '#cgo CFLAGS: -O2 -D_FORTIFY_SOURCE=2
#include <stdio.h>
static int work(int n) { return fprintf(stderr, "%d\n", n); }' 'C.work(1)'
CGO_ENABLED=1 go build -o app .
/lib/ld-musl-x86_64.so.1 ./app
