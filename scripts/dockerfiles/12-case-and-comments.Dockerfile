# escape=`
from localhost/base as Final
# a comment
copy share/a.txt `
  # within
  share/sub/b.txt `

  /here/
Env X=1 `
  Y=2
