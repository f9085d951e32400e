#: needs go
#: said-by go
module <<'GO'
package main

func main() {}
GO
mkdir vendor
echo '# golang.org/x/xerrors v0.0.0-20200804184101-5ec99f83aff1' >vendor/modules.txt
echo 'require golang.org/x/xerrors v0.0.0-20240903120638-7835f813f4da' >>go.mod
go build -o app .

mended() { go mod vendor && go build -o app .; }
