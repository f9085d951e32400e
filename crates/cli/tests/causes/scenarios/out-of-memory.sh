#: needs go gcc
#: said-by go
#: note kill -9 stood for the kernel, ulimit for a small machine
module <<'GO'
package main

func main() {}
GO
cat >killer <<'SH'
#!/bin/sh
case "$*" in *-V=full*) exec "$@" ;; esac
kill -9 $$
SH
chmod +x killer
go build -toolexec "$PWD/killer" -o app .
cgo_module 'static int work(void) { return 1; }'
echo 'char big[] = { [0 ... 400000000] = 1 };' >big.c
(ulimit -v 600000; gcc -c big.c)
