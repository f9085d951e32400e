# syntax=docker/dockerfile:1
# escape=`
FROM scratch
COPY a `
  b /c/
ENV A=x` y B="q `" r"
