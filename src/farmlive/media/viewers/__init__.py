"""What viewers get of the stream: their own choice of less, the words for it, and the count."""
