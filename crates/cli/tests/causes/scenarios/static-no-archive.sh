#: needs go gcc ld
#: said-by ld
mkdir lib
echo 'int work(void) { return 1; }' | gcc -xc -shared -fPIC -o lib/libwork.so -
cgo_module '#cgo LDFLAGS: ${SRCDIR}/lib/libwork.so
int work(void);'
CGO_ENABLED=1 go build -ldflags '-linkmode external -extldflags -static' -o app .

mended() { CGO_ENABLED=1 go build -o app .; }
