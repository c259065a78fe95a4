module lastday

go 1.26.8
