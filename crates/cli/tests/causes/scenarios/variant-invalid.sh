#: needs go
#: said-by go
module <<'GO'
package main

func main() {}
GO
GOARCH=mips64le GOMIPS64=soft go build -o app .
GOARCH=386 GO386=387 go build -o app .

mended() { GOARCH=mips64le GOMIPS64=softfloat go build -o app .; }
