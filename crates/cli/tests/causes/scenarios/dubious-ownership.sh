#: needs go git
#: said-by git
#: note GIT_TEST_ASSUME_DIFFERENT_OWNER stood for another user
module <<'GO'
package main

func main() {}
GO
git init -q
git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m first
export GIT_TEST_ASSUME_DIFFERENT_OWNER=1
git status
go build -o app .

mended() { git config --global --add safe.directory "$PWD" && go build -o app .; }
