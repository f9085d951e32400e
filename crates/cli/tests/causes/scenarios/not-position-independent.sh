#: needs go gcc ar ld
#: said-by ld
mkdir lib
echo 'int table[9]; int work(int i) { return table[i]; }' | gcc -xc -c -fno-pic -o work.o - && ar rc lib/libwork.a work.o
cgo_module '#cgo LDFLAGS: -L${SRCDIR}/lib -lwork
int work(int);' 'println(C.work(1))'
CGO_ENABLED=1 go build -buildmode=c-shared -o app.so .

mended() {
    echo 'int table[9]; int work(int i) { return table[i]; }' | gcc -xc -c -fPIC -o work.o - && ar rc lib/libwork.a work.o
    CGO_ENABLED=1 go build -buildmode=c-shared -o app.so .
}
