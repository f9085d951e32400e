#: needs go gcc pkg-config
#: said-by go
cgo_module '#cgo pkg-config: libpcap
static int work(void) { return 1; }'
PATH=$(only go gcc) CGO_ENABLED=1 go build -o app .

mended() {
    mkdir -p sysroot/usr/lib/pkgconfig
    printf "Name: libpcap\nDescription: it stands for the package\nVersion: 1\n" >sysroot/usr/lib/pkgconfig/libpcap.pc
    PKG_CONFIG_LIBDIR=$PWD/sysroot/usr/lib/pkgconfig CGO_ENABLED=1 go build -o app .
}
