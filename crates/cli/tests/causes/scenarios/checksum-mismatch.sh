#: needs go
#: said-by go
module <<'GO'
package main

import _ "golang.org/x/xerrors"

func main() {}
GO
echo 'require golang.org/x/xerrors v0.0.0-20240903120638-7835f813f4da' >>go.mod
cat >go.sum <<'SUM'
golang.org/x/xerrors v0.0.0-20240903120638-7835f813f4da h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
golang.org/x/xerrors v0.0.0-20240903120638-7835f813f4da/go.mod h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
SUM
go build -o app .

mended() {
    sed -i '/xerrors/d' go.sum
    go mod tidy && go build -o app .
}
