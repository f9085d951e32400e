#: needs go
#: said-by go
module <<'GO'
package main

func main() {}
GO
go mod edit -go=1.99.9
GOTOOLCHAIN=local go build -o app .
