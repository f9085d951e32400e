#: needs go
#: said-by go
module <<'GO'
package main

import _ "golang.org/x/xerrors/internal"

func main() {}
GO
mkdir vendor
echo 'require golang.org/x/xerrors v0.0.0-20240903120638-7835f813f4da' >>go.mod
cat >vendor/modules.txt <<'TXT'
# golang.org/x/xerrors v0.0.0-20240903120638-7835f813f4da
## explicit; go 1.18
golang.org/x/xerrors
TXT
go build -o app .
cat >main.go <<'GO'
package main

import _ "golang.org/x/text"

func main() {}
GO
go build -o app .
mkdir -p vendor/golang.org/x/xerrors
cat >main.go <<'GO'
package main

import _ "golang.org/x/xerrors"

func main() {}
GO
go build -o app .

mended() { go mod tidy && go mod vendor && go build -o app .; }
