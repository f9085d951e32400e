#: needs go gcc aarch64-linux-gnu-gcc aarch64-linux-gnu-ld
#: said-by aarch64-linux-gnu-ld
mkdir lib
echo 'int work(void) { return 1; }' | gcc -xc -shared -fPIC -o lib/libwork.so -
cgo_module '#cgo LDFLAGS: -L${SRCDIR}/lib -lwork
int work(void);'
CC=aarch64-linux-gnu-gcc CGO_ENABLED=1 GOARCH=arm64 go build -o app .

mended() {
    echo 'int work(void) { return 1; }' | aarch64-linux-gnu-gcc -xc -shared -fPIC -o lib/libwork.so -
    CC=aarch64-linux-gnu-gcc CGO_ENABLED=1 GOOS=linux GOARCH=arm64 go build -o app .
}
