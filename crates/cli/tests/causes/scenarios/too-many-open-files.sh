#: needs go
#: said-by go
module <<'GO'
package main

import _ "net/http"

func main() {}
GO
(ulimit -n 9; go build -o app .)
