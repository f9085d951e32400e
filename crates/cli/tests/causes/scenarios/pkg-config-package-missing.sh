#: needs go gcc pkg-config
#: said-by pkg-config
cgo_module '#cgo pkg-config: libpcap
int work(void);'
# As in a cross build whose libdir has nothing for the target.
PKG_CONFIG_LIBDIR=$PWD/sysroot/usr/lib/pkgconfig CGO_ENABLED=1 go build -o app .
