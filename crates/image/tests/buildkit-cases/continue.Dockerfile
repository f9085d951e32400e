# comment
ARG V=1
FROM --platform=$BUILDPLATFORM base:${V} AS Build
RUN a \
 # within

  b
COPY --from=build --chown=1:2 --chmod=u+x ["a b", "/c/"]
