print("reseal")
