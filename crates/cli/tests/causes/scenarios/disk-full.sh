#: needs go unshare
#: said-by go
module <<'GO'
package main

func main() { println("big enough") }
GO
mkdir small
unshare -Urm sh -c 'mount -t tmpfs -o size=200k tmpfs small && GOTMPDIR=$PWD/small go build -o app .'
