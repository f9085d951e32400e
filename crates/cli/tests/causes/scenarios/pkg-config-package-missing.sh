#: needs go gcc pkg-config
#: said-by pkg-config
cgo_module '#cgo pkg-config: libpcap
static int work(void) { return 1; }'
# As in a cross build whose libdir has nothing for the target.
PKG_CONFIG_LIBDIR=$PWD/sysroot/usr/lib/pkgconfig CGO_ENABLED=1 go build -o app .

mended() {
    mkdir -p sysroot/usr/lib/pkgconfig
    printf "Name: libpcap\nDescription: it stands for the package\nVersion: 1\n" >sysroot/usr/lib/pkgconfig/libpcap.pc
    PKG_CONFIG_LIBDIR=$PWD/sysroot/usr/lib/pkgconfig CGO_ENABLED=1 go build -o app .
}
