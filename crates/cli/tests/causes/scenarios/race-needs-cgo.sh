#: needs go
#: said-by go
module <<'GO'
package main

func main() {}
GO
CGO_ENABLED=0 go build -race -o app .
