#: needs go gcc getconf
#: said-by ldd
# libm of the next glibc but one, to link against; the program then meets this system's.
next=$(getconf GNU_LIBC_VERSION | awk '{ split($2, v, "."); print v[1] "." v[2] + 2 }')
echo "GLIBC_$next { global: work; };" >version
echo 'int work(void) { return 1; }' | gcc -xc -shared -fPIC -nostdlib -Wl,-soname,libm.so.6 -Wl,--version-script,version -o libm.so -
cgo_module '#cgo LDFLAGS: ${SRCDIR}/libm.so
int work(void);'
CGO_ENABLED=1 go build -o app .
./app
