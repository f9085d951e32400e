#: needs go
#: said-by go
module <<'GO'
package main

func main() {}
GO
sed -i 's/^go .*/go 1.x/' go.mod
go build -o app .

mended() { sed -i 's/^go .*/go 1.21/' go.mod && go build -o app .; }
