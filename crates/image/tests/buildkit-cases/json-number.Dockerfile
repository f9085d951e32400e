FROM a
CMD ["x", 1]
