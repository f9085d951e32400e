#: needs go git
#: said-by go
module <<'GO'
package main

func main() {}
GO
mkdir .git
go build -o app .

mended() { go build -buildvcs=false -o app .; }
