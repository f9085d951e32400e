#: needs go
#: said-by go
module <<'GO'
package main

import _ "golang.org/x/xerrors"

func main() {}
GO
echo 'require golang.org/x/xerrors v0.0.0-20240903120638-7835f813f4da' >>go.mod
go build -o app .

mended() { go mod tidy && go build -o app .; }
