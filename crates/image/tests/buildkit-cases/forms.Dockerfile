FROM a
CMD ["x","y"]
CMD [x, y]
ENTRYPOINT ["a"] b
ENTRYPOINT []
SHELL ["/bin/sh", "-c"]
HEALTHCHECK --interval=1m30s --retries=3 CMD ["c","d"]
HEALTHCHECK NONE
HEALTHCHECK   CMD   a  b
VOLUME ["/a", "/b"] 
VOLUME /a   /b
EXPOSE 80/udp 8000-8002
