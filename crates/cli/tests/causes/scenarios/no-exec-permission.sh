#: needs go bash
#: said-by bash
module <<'GO'
package main

func main() {}
GO
go build -o app .
chmod -x app
sh -c ./app
bash -c ./app

mended() { chmod +x app && ./app; }
