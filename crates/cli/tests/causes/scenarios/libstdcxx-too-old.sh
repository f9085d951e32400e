#: needs go gcc g++
#: said-by ldd
# As with glibc-too-old: a libstdc++ of the future to link against, and this system's to run with.
echo 'GLIBCXX_3.4.40 { global: work; };' >version
echo 'int work(void) { return 1; }' | gcc -xc -shared -fPIC -nostdlib -Wl,-soname,libstdc++.so.6 -Wl,--version-script,version -o new.so -
cgo_module '#cgo LDFLAGS: ${SRCDIR}/new.so
int work(void);'
CGO_ENABLED=1 go build -o app .
./app
