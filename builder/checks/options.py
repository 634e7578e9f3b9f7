def check(place):
    return ()
