"""The tests of Quectel Cellular Email, one folder for each room of the house."""
