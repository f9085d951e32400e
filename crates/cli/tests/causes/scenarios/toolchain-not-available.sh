#: needs go
#: said-by go
module <<'GO'
package main

func main() {}
GO
go mod edit -go=1.99.9
mkdir proxy
GOTOOLCHAIN=auto GOPROXY=file://$PWD/proxy go build -o app .

mended() { go mod edit -go=1.24 -toolchain=none && go build -o app .; }
