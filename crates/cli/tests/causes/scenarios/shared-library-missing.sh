#: needs go gcc
#: said-by ldd
mkdir lib
echo 'int work(void) { return 1; }' | gcc -xc -shared -fPIC -Wl,-soname,libwork.so.1 -o lib/libwork.so -
cgo_module '#cgo LDFLAGS: -L${SRCDIR}/lib -lwork
int work(void);'
CGO_ENABLED=1 go build -o app .
./app
