#: needs go mips64el-linux-gnuabi64-gcc mips64el-linux-gnuabi64-ld
#: said-by mips64el-linux-gnuabi64-ld
mkdir lib
echo 'int work(void) { return 1; }' | mips64el-linux-gnuabi64-gcc -march=mips64r6 -xc -c -o lib/libwork.a -
cgo_module '#cgo LDFLAGS: ${SRCDIR}/lib/libwork.a
int work(void);'
CC=mips64el-linux-gnuabi64-gcc CGO_ENABLED=1 GOARCH=mips64le go build -o app .
CC=mips64el-linux-gnuabi64-gcc CGO_CFLAGS=-march=mips64r6 CGO_ENABLED=1 GOARCH=mips64le go build -o app .

mended() {
    echo 'int work(void) { return 1; }' | mips64el-linux-gnuabi64-gcc -march=mips64r2 -xc -c -o lib/libwork.a -
    CGO_CFLAGS=-march=mips64r2 CC=mips64el-linux-gnuabi64-gcc CGO_ENABLED=1 GOARCH=mips64le go build -o app .
}
