#: needs go
#: said-by go
module <<'GO'
package main

import _ "golang.org/x/xerrors"

func main() {}
GO
go build -o app .

mended() { go mod tidy && go build -o app .; }
