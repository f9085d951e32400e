#: needs go
#: said-by go
module <<'GO'
package main

import _ "errors"

func main() {}
GO
(ulimit -n 9; go build -o app .)
