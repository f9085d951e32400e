#: needs go
#: said-by go
module <<'GO'
package main

func main() {}
GO
go work init .
GOFLAGS=-mod=mod go build -o app .

mended() { GOWORK=off GOFLAGS=-mod=mod go build -o app .; }
