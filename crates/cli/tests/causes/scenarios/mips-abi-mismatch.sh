#: needs go mips64el-linux-gnuabi64-gcc mips64el-linux-gnuabi64-ld
#: said-by mips64el-linux-gnuabi64-ld
# A library that was compiled for n32, beside Go's n64.
mkdir lib
echo 'int work(void) { return 1; }' | mips64el-linux-gnuabi64-gcc -mabi=n32 -xc -c -o lib/libwork.a -
cgo_module '#cgo LDFLAGS: ${SRCDIR}/lib/libwork.a
int work(void);'
CC=mips64el-linux-gnuabi64-gcc CGO_ENABLED=1 GOARCH=mips64le go build -o app .
echo 'double work(double a) { return a * 2; }' | mips64el-linux-gnuabi64-gcc -msoft-float -xc -c -o soft.o -
echo 'double work(double); int main(int n, char **v) { return work(n); }' | mips64el-linux-gnuabi64-gcc -xc -o app - -x none soft.o

mended() {
    echo 'int work(void) { return 1; }' | mips64el-linux-gnuabi64-gcc -mabi=64 -xc -c -o lib/libwork.a -
    CC=mips64el-linux-gnuabi64-gcc CGO_ENABLED=1 GOARCH=mips64le go build -o app .
}
